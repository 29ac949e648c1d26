_base_ = ["mmdet::_base_/models/faster-rcnn_r50_fpn.py", "mmdet::_base_/default_runtime.py"]

dataset_type = "CocoDataset"
data_root = "data/defects/"
metainfo = dict(classes=("scratch", "dent", "bolt/missing"), palette=[(220, 20, 60), (0, 0, 142), (0, 80, 100)])

model = dict(
    backbone=dict(
        type="ResNet",
        depth=50,
        init_cfg=dict(type="Pretrained", checkpoint="torchvision://resnet50"),
    ),
    roi_head=dict(bbox_head=dict(num_classes=3)),
)
load_from = "https://download.openmmlab.com/mmdetection/v2.0/faster_rcnn/faster_rcnn_r50_fpn_1x_coco/faster_rcnn_r50_fpn_1x_coco_20200130-047c8118.pth"
resume = False
work_dir = "work_dirs/faster_rcnn_defects"
